import { describe, expect, it } from "vitest";
import { detectIn } from "../detect.ts";
import { filesIn } from "../project-files.ts";
import { type Files, fastapi, uv } from "../testing/small-projects.ts";

describe("serving", () => {
  it.each<[string, Files, object | undefined]>([
    [
      "FastAPI",
      { "pyproject.toml": uv, "app/main.py": fastapi },
      { kind: "fastapi", target: "app.main:app", port: 8000, health: "/health" },
    ],
    [
      "a package below src",
      {
        "pyproject.toml": `${uv}[build-system]\nrequires=["hatchling"]\n`,
        "src/pkg/__init__.py": "",
        "src/pkg/api.py": fastapi,
      },
      { target: "pkg.api:app" },
    ],
    [
      "a port",
      {
        "requirements.txt": "fastapi\n",
        "main.py": `${fastapi}\nimport uvicorn\nuvicorn.run(app, host="0.0.0.0", port=9000)\n`,
      },
      { target: "main:app", port: 9000 },
    ],
    [
      "a factory",
      {
        "requirements.txt": "fastapi\n",
        "app/server.py":
          "from fastapi import FastAPI\ndef create_app():\n    app = FastAPI()\n    return app\n",
      },
      { target: "app.server:create_app()" },
    ],
    [
      "a prefix",
      {
        "requirements.txt": "fastapi\n",
        "main.py": 'from fastapi import FastAPI\napp = FastAPI()\napp.include_router(router, prefix="/v1")\n',
        "routes.py":
          'from fastapi import APIRouter\nrouter = APIRouter()\n@router.get("/healthz")\ndef f(): ...\n',
      },
      { health: "/v1/healthz" },
    ],
    [
      "Flask",
      { "requirements.txt": "flask\n", "app.py": "from flask import Flask\napp = Flask(__name__)\n" },
      { kind: "flask", target: "app:app", port: 5000 },
    ],
    [
      "Gradio",
      {
        "requirements.txt": "gradio\n",
        "app.py": "import gradio as gr\nwith gr.Blocks() as demo:\n    pass\ndemo.launch(server_port=7861)\n",
      },
      { kind: "gradio", target: "app.py", port: 7861 },
    ],
    [
      "Gradio that another file makes",
      {
        "requirements.txt": "gradio\n",
        "tools/ui/__init__.py":
          "import gradio as gr\ndef build_app():\n    with gr.Blocks() as app:\n        return app\n",
        "tools/run_ui.py":
          'from tools.ui import build_app\nif __name__ == "__main__":\n    app = build_app()\n    app.launch()\n',
      },
      { kind: "gradio", target: "tools/run_ui.py" },
    ],
    [
      "Streamlit",
      { "requirements.txt": "streamlit\n", "app.py": 'import streamlit as st\nst.title("x")\n' },
      { kind: "streamlit", target: "app.py", health: "/_stcore/health" },
    ],
    [
      "Django",
      { "requirements.txt": "django\n", "manage.py": "import django\n", "site1/wsgi.py": "x = 1\n" },
      { kind: "django", target: "site1.wsgi:application" },
    ],
    [
      "an API of plumber by its comments",
      { "rest/score.R": "#* @get /score\nfunction() 1\n", "rest/main.R": 'plumber::plumb("score.R")\n' },
      { kind: "other", target: "rest/score.R", port: 8000 },
    ],
    [
      "Shiny in a folder",
      { "shiny/app.R": "library(shiny)\nshinyApp(ui, server)\n", "renv.lock": "{}" },
      { kind: "other", target: "shiny/app.R", port: 3838 },
    ],
    [
      "a package of a workspace",
      {
        "pyproject.toml": `${uv}[tool.uv.workspace]\nmembers = ["packages/*"]\n`,
        "packages/web/pyproject.toml": '[project]\nname = "web"\ndependencies = ["fastapi"]\n',
        "packages/web/src/web/__init__.py": "",
        "packages/web/src/web/main.py": fastapi,
      },
      { target: "web.main:app" },
    ],
    [
      "Python's own server",
      {
        "app_server.py":
          "from http.server import HTTPServer\nserver = HTTPServer(('', 8080), H)\nserver.serve_forever()\n",
      },
      { kind: "other", target: "app_server.py" },
    ],
    [
      "Triton",
      {
        "requirements.txt": "tritonclient\n",
        "models/yolo/config.pbtxt": 'name: "yolo"\nplatform: "onnxruntime_onnx"\n',
      },
      { kind: "triton", target: "models" },
    ],
    [
      "BentoML",
      {
        "requirements.txt": "bentoml\n",
        "service.py": "import bentoml\n@bentoml.service\nclass Classify:\n    pass\n",
      },
      { kind: "bentoml", target: "service:Classify" },
    ],
    [
      "vLLM",
      {
        "requirements.txt": "vllm\n",
        Dockerfile: 'FROM x\nCMD ["vllm", "serve", "model", "--port", "8001"]\n',
      },
      { kind: "vllm" },
    ],
    [
      "only an example",
      { "pyproject.toml": uv.replace(', "fastapi"', ""), "examples/app.py": fastapi },
      undefined,
    ],
    ["only a test", { "pyproject.toml": uv, "tests/test_app.py": fastapi }, undefined],
    ["only a string", { "pyproject.toml": uv, "app.py": `code = '''${fastapi}'''\n` }, undefined],
  ])("%s", (_, contents, serving) => {
    const found = detectIn(filesIn(contents)).serving?.value;
    if (serving === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(serving);
  });
});
