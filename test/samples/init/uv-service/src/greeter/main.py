import os
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/")
def greet() -> dict[str, object]:
    return {"version": version("greeter"), "user": os.getuid()}


def run() -> None:
    uvicorn.run(app, host="0.0.0.0", port=8000)
