import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { copyBeforeDependencies } from "./copy-before-dependencies.ts";
import { lockFlagMissing } from "./lock-flag-missing.ts";
import { osPackageRenamed } from "./os-package-renamed.ts";

test.each([
  ["COPY . /app\nRUN pip install -r /app/requirements.txt", 1],
  ["COPY . .\nRUN poetry install --only main", 1],
  ["COPY . .\nRUN npm ci", 1],
  ["COPY . .\nRUN conda env create -f environment.yml", 1],
  ["COPY . .\nRUN pip install .", 0],
  ["COPY . .\nRUN make wheel && pip install dist/*.whl && pip install -r test.txt", 0],
  ["COPY . .\nRUN pip install -e . && pip install -r dev.txt", 0],
  ["COPY . .\nRUN pip install flask", 0],
  ["COPY . .\nRUN npm install -g serve", 0],
  ["COPY src/ src/\nRUN pip install -r requirements.txt", 0],
  ["COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nRUN pip install -r dev.txt", 0],
  ["COPY --from=build . .\nRUN pip install -r requirements.txt", 0],
  ["COPY . .\nRUN python tools/install_dependencies.py\nRUN pip install -r requirements.txt", 0],
  ["COPY install_uv.sh .\nRUN ./install_uv.sh\nCOPY . .\nRUN pip install -r requirements.txt", 1],
])("%j: %i", (body, count) => {
  expect(messagesOf(copyBeforeDependencies, `FROM lab.example/base:1\n${body}\n`)).toHaveLength(count);
});

test("requirements that install the project need its sources", () => {
  const text = "FROM python:3.12\nCOPY . .\nRUN pip install -r requirements.txt\n";
  expect(
    messagesOf(copyBeforeDependencies, text, { files: { "requirements.txt": "numpy\n-e .\n" } }),
  ).toEqual([]);
});

test.each([
  ["COPY pyproject.toml uv.lock ./\nRUN uv sync", 1],
  ["COPY pyproject.toml ./\nRUN uv sync", 0],
  ["COPY pyproject.toml uv.lock ./\nENV UV_FROZEN=1\nRUN uv sync", 0],
  ["COPY pyproject.toml uv.lock ./\nRUN UV_LOCKED=1 uv sync", 0],
  ["COPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-dev", 0],
  ["RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync", 1],
  ["COPY package*.json ./\nRUN npm install", 0],
  ["COPY package.json package-lock.json ./\nRUN npm install -g pnpm", 0],
  ["COPY package.json package-lock.json ./\nRUN npm install express", 0],
])("%j passes over its lock %i times", (body, count) => {
  expect(messagesOf(lockFlagMissing, `FROM lab.example/base:1\n${body}\n`)).toHaveLength(count);
});

test.each([
  ["FROM python:3.11-slim-trixie\nRUN apt-get install -y libgl1-mesa-glx", 1],
  ["FROM python:3.11-slim-bookworm\nRUN apt-get install -y libgl1-mesa-glx", 0],
  ["FROM ubuntu:24.04\nRUN apt install -y libgl1-mesa-glx:amd64 python3.10", 2],
  ["FROM ubuntu:24.04\nRUN add-apt-repository ppa:deadsnakes/ppa && apt-get install -y python3.10", 0],
  ["FROM ubuntu:24.04\nRUN apt-get install -y libgl1-mesa-glx || apt-get install -y libgl1", 0],
  ["FROM lab.example/base:1\nRUN apt-get install -y libgl1-mesa-glx", 0],
])("%j asks for %i packages that are gone", (text, count) => {
  expect(messagesOf(osPackageRenamed, `${text}\n`)).toHaveLength(count);
});

test.each([
  ["package-lock.json", "package.json and package-lock.json"],
  ["README.md", "package.json"],
])("beside %s only lists that are there are named", (name, lists) => {
  const files = { "package.json": "{}", [name]: "" };
  expect(messagesOf(copyBeforeDependencies, "FROM node:22\nCOPY . .\nRUN npm install\n", { files })).toEqual([
    `every edit installs the dependencies of line 3 again: copy ${lists} alone first`,
  ]);
});
