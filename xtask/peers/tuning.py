"""Searches with Optuna, for `cargo xtask bench tuning`.

In: searches, one to a line as JSON until an empty line: {"sampler", "objective", "seed", "batch", "checkpoints", "server"}. The sampler
is "tpe" or "random". The server is a command; its first line describes its objective and the ranges; then it answers each line, an
object of names and texts, with the objective of these values, and perhaps a second number of data that the search does not see.

Out: each search, one to a line as it ends, with "best", the best objectives after as many trials as each checkpoint says, "held_out", the
second number of the best trial, and "ask_seconds", the mean time to be asked. In batches, TPE uses Optuna's constant liar.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import optuna


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.description = json.loads(self.process.stdout.readline())

    def answer(self, values):
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        return [float(number) for number in self.process.stdout.readline().split()]

    def end(self):
        """A server ends with its input."""
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"the server ended with status {self.process.returncode}")


def suggest(trial, described):
    name = described["name"]
    if described["type"] == "categorical":
        return trial.suggest_categorical(name, described["values"])
    low, high, log = described["min"], described["max"], described["logarithmic"]
    if described["type"] == "integer":
        return str(trial.suggest_int(name, int(low), int(high), log=log))
    return repr(trial.suggest_float(name, float(low), float(high), log=log))


def search(job):
    server = Server(job["server"])
    description = server.description
    if job["sampler"] == "random":
        sampler = optuna.samplers.RandomSampler(seed=job["seed"])
    else:
        sampler = optuna.samplers.TPESampler(seed=job["seed"], constant_liar=job["batch"] > 1)
    study = optuna.create_study(sampler=sampler, direction="maximize" if description["maximize"] else "minimize")
    count = max(job["checkpoints"])
    answers = []
    asking = 0.0
    while len(answers) < count:
        asked = []
        for _ in range(min(job["batch"], count - len(answers))):
            start = time.perf_counter()
            trial = study.ask()
            asked.append((trial, {it["name"]: suggest(trial, it) for it in description["ranges"]}))
            asking += time.perf_counter() - start
        for trial, candidate in asked:
            answers.append(server.answer(candidate))
            study.tell(trial, answers[-1][0])
    server.end()
    best = max if description["maximize"] else min

    def best_of(trials):
        return best(answers[:trials], key=lambda answer: answer[0])

    held_out = best_of(count)[1:]
    return job | {
        "best": [best_of(checkpoint)[0] for checkpoint in job["checkpoints"]],
        "held_out": held_out[0] if held_out else None,
        "ask_seconds": asking / count,
    }


def main():
    jobs = []
    for line in sys.stdin:
        if not line.strip():
            break
        jobs.append(json.loads(line))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done in as_completed([pool.submit(search, job) for job in jobs]):
            print(json.dumps(done.result()), flush=True)


if __name__ == "__main__":
    main()
