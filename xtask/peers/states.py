"""Runs state machines in the servers of moto and MiniStack, for `cargo xtask bench states`.

In: one case to a line of stdin, as JSON: {"case", "size", "executions", "definition", "input", "output"}; an empty line ends them.
stdin stays open as long as the results are wanted: when it closes, this program ends.
Out: one result to a line, as JSON: {"peer", "case", "size", "peak_kib"} with {"seconds"} or {"why"}, and with {"stopped_after"}, in
seconds, where a case was stopped because it took longer.

Each case has a server of its own, on a free port of the loopback interface, so that its peak memory is its own and that an
execution which is given up takes no time from the next case. Every server is ended by its process id.
"""

import ctypes
import http.client
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HOST = "127.0.0.1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
# A case that takes longer is stopped.
LIMIT = 60.0
# A case is repeated at most so often, and while all of its runs together take no longer than this.
RUNS, ENOUGH = 5, 5.0
START_LIMIT = 60.0


class GivenUp(Exception):
    """A case that has no result, and why."""


class TooLong(Exception):
    """A case that takes longer than the limit."""


def moto(port):
    return [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)], {}


def ministack(port):
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "LOG_LEVEL": "ERROR",
        "SFTP_ENABLED": "0",
    }
    return [sys.executable, "-c", "import ministack.app; ministack.app.main()"], settings


PEERS = {"moto": moto, "MiniStack": ministack}


def die_with_parent():
    """Lets the kernel end a server whose starter is gone; where that is not Linux, `Server.end` alone does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    def __init__(self, peer, folder):
        self.peer = peer
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        command, settings = PEERS[peer](self.port)
        environment = {**os.environ, **settings, "TMPDIR": folder, "PYTHONUNBUFFERED": "1"}
        self.log = open(os.path.join(folder, f"{peer}.log"), "wb")
        self.connection = http.client.HTTPConnection(HOST, self.port, timeout=LIMIT)
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )

    def wait(self):
        """Returns when the server answers."""
        end = time.monotonic() + START_LIMIT
        while True:
            if self.process.poll() is not None:
                raise GivenUp(f"the server ended with status {self.process.returncode}")
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise GivenUp(f"the server did not answer within {START_LIMIT:.0f} s") from None
                time.sleep(0.05)
        if self.peer == "moto":
            self.post("/moto-api/config", json.dumps({"stepfunctions": {"execute_state_machine": True}}), {})

    def post(self, path, body, headers):
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise GivenUp(f"{path}: status {response.status}: {answer[:200].decode('utf-8', 'replace')}")
        return json.loads(answer)

    def call(self, action, request):
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AWSStepFunctions.{action}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/states/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        return self.post("/", json.dumps(request), headers)

    def peak_kib(self):
        """The peak resident memory of the server's process, where the system tells it; else 0."""
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
        except OSError:
            return 0

    def end(self):
        self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wait_for(server, execution, expected, start):
    """Returns when the execution ended as it should."""
    pause = 0.001
    while True:
        answer = server.call("DescribeExecution", {"executionArn": execution})
        status = answer["status"]
        if status == "SUCCEEDED":
            if json.loads(answer["output"]) != expected:
                raise GivenUp(f"another output: {answer['output'][:100]}")
            return
        if status != "RUNNING":
            raise GivenUp(f"{status} {answer.get('error')}: {answer.get('cause')}")
        if time.monotonic() - start > LIMIT:
            raise TooLong
        # Asking takes time from the one who is asked.
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def measure(server, case):
    """Seconds of one run of a case, by the median where it is run more than once."""
    request = {"name": "bench", "definition": json.dumps(case["definition"]), "roleArn": ROLE}
    machine = server.call("CreateStateMachine", request)["stateMachineArn"]
    text = json.dumps(case["input"])
    took = []
    while len(took) < RUNS and sum(took) < ENOUGH:
        start = time.monotonic()
        started = []
        for index in range(case["executions"]):
            if time.monotonic() - start > LIMIT:
                raise TooLong
            name = f"run-{len(took)}-{index}"
            answer = server.call("StartExecution", {"stateMachineArn": machine, "name": name, "input": text})
            started.append(answer["executionArn"])
        for execution in started:
            wait_for(server, execution, case["output"], start)
        took.append(time.monotonic() - start)
    return statistics.median(took)


def result(peer, case):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Server(peer, folder)
        try:
            server.wait()
            return {"seconds": measure(server, case), "peak_kib": server.peak_kib()}
        except TooLong:
            why = f"stopped after {LIMIT:.0f} s"
            return {"why": why, "stopped_after": LIMIT, "peak_kib": server.peak_kib()}
        except GivenUp as error:
            return {"why": str(error), "peak_kib": server.peak_kib()}
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            return {"why": f"{type(error).__name__}: {error}", "peak_kib": server.peak_kib()}
        finally:
            server.end()


def end_with_stdin():
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def main():
    # An exit that passes every `finally`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cases = []
    for line in sys.stdin:
        if not line.strip():
            break
        cases.append(json.loads(line))
    threading.Thread(target=end_with_stdin, daemon=True).start()
    for case in cases:
        for peer in PEERS:
            told = {"peer": peer, "case": case["case"], "size": case["size"], **result(peer, case)}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
