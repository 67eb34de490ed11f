import os
from importlib.metadata import version

from flask import Flask

app = Flask(__name__)


@app.get("/health")
def health():
    return {"status": "ok"}


@app.get("/")
def about():
    return {"version": version("tagger"), "user": os.getuid()}
