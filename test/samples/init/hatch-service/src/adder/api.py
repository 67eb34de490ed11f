import os
from importlib.metadata import version

from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/")
def add() -> dict[str, object]:
    return {"sum": 1 + 2, "version": version("adder"), "user": os.getuid()}
