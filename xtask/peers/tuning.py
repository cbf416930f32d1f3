"""Searches with Optuna's TPE and at random, for `cargo xtask bench tuning`.

Arguments: how many seeds, how many trials, how many of them are early, the size of a batch; then the servers, each a command in JSON.
A server's first line describes its objective and the ranges; then it answers each line, an object of names and texts, with the
objective of these values.

Out: one search to a line, as JSON: {"sampler", "objective", "batch", "seed", "early", "late"} with the best values after the early
trials and after all. TPE searches one trial at a time and in batches, the latter with Optuna's constant liar; random search does not
look at what is running, so that it has no batches of its own.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

import optuna


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.description = json.loads(self.process.stdout.readline())

    def value(self, values):
        self.process.stdin.write(json.dumps(values) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

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


def search(command, kind, seed, trials, early, batch):
    server = Server(command)
    description = server.description
    if kind == "random":
        sampler = optuna.samplers.RandomSampler(seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=batch > 1)
    study = optuna.create_study(sampler=sampler, direction="maximize" if description["maximize"] else "minimize")
    values = []
    while len(values) < trials:
        asked = []
        for _ in range(min(batch, trials - len(values))):
            trial = study.ask()
            asked.append((trial, {it["name"]: suggest(trial, it) for it in description["ranges"]}))
        for trial, candidate in asked:
            values.append(server.value(candidate))
            study.tell(trial, values[-1])
    server.end()
    best = max if description["maximize"] else min
    return {
        "sampler": kind,
        "objective": description["objective"],
        "batch": batch,
        "seed": seed,
        "early": best(values[:early]),
        "late": best(values),
    }


def main():
    seeds, trials, early, batch = map(int, sys.argv[1:5])
    servers = [json.loads(argument) for argument in sys.argv[5:]]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        searches = [
            pool.submit(search, server, kind, seed, trials, early, size)
            for server in servers
            for kind, size in (("tpe", 1), ("tpe", batch), ("random", 1))
            for seed in range(seeds)
        ]
        for done in as_completed(searches):
            print(json.dumps(done.result()), flush=True)


if __name__ == "__main__":
    main()
