"""The same kind of model as the example's behind FastAPI: what `cargo xtask bench hosting` compares with.

usage: hosting.py TRAINING.csv VALIDATION.csv TREES DEPTH LEARN_RATE

Trains gradient boosting by scikit-learn, then serves it as a container of SageMaker would: GET /ping, and
POST /invocations with rows as CSV under a header, answered as JSON. Prints one line of JSON once it listens:
its port, and the model's AUC on the validation rows. Ends when its standard input does.
"""

import csv
import io
import json
import os
import socket
import sys
import threading

import numpy
import uvicorn
from fastapi import FastAPI, Request, Response
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

NUMBERS = ["age", "fare", "sibsp", "parch"]
CATEGORIES = ["gender", "class", "embarked"]
TARGET = "survived"


class Encoder:
    """Rows of text as numbers: one column for each number, and one for each value of a category."""

    def __init__(self, rows):
        values = [(name, sorted({row[name] for row in rows})) for name in CATEGORIES]
        self.columns = {}
        for name, known in values:
            for value in known:
                self.columns[(name, value)] = len(NUMBERS) + len(self.columns)
        self.width = len(NUMBERS) + len(self.columns)

    def encode(self, rows):
        matrix = numpy.zeros((len(rows), self.width), dtype=numpy.float32)
        for index, row in enumerate(rows):
            for column, name in enumerate(NUMBERS):
                matrix[index, column] = float(row[name] or 0)
            for name in CATEGORIES:
                column = self.columns.get((name, row[name]))
                if column is not None:
                    matrix[index, column] = 1
        return matrix


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def main():
    training, validation = read(sys.argv[1]), read(sys.argv[2])
    trees, depth, rate = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
    encoder = Encoder(training)
    labels = [int(row[TARGET]) for row in training]
    model = GradientBoostingClassifier(n_estimators=trees, max_depth=depth, learning_rate=rate, random_state=1)
    model.fit(encoder.encode(training), labels)
    scores = model.predict_proba(encoder.encode(validation))[:, 1]
    auc = roc_auc_score([int(row[TARGET]) for row in validation], scores)

    app = FastAPI()

    @app.get("/ping")
    async def ping():
        return {}

    @app.post("/invocations")
    async def invocations(request: Request):
        try:
            rows = list(csv.DictReader(io.StringIO((await request.body()).decode())))
            scores = model.predict_proba(encoder.encode(rows))[:, 1].tolist()
        except (KeyError, ValueError) as error:
            return Response(str(error), status_code=400)
        predictions = [
            {"label": "1" if score >= 0.5 else "0", "score": score, "probabilities": {"0": 1 - score, "1": score}}
            for score in scores
        ]
        return Response(json.dumps({"predictions": predictions}), media_type="application/json")

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1], "auc": auc}), flush=True)
    # The other side closes the input when it wants no more, or ends.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, loop="uvloop", http="httptools"))
    server.run(sockets=[listener])


main()
