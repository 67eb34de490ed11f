import os
from importlib.metadata import version

from flask import Flask
from waitress import serve

app = Flask(__name__)


@app.get("/ping")
def ping():
    return "pong"


@app.get("/")
def about():
    return {"version": version("scorer"), "user": os.getuid()}


if __name__ == "__main__":
    serve(app, host="0.0.0.0", port=8080)
