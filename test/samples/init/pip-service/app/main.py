import os

import numpy as np
from fastapi import FastAPI

app = FastAPI()


@app.get("/healthz")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/")
def mean() -> dict[str, object]:
    return {"mean": float(np.arange(5).mean()), "user": os.getuid()}
