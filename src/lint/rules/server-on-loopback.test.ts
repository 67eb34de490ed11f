import { expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { serverOnLoopback } from "./server-on-loopback.ts";

const on = (rest: string): string => `FROM python:3.12-slim\n${rest}\n`;

it.each([
  ["another starter", 'CMD ["uv", "run", "uvicorn", "app:app"]'],
  ["Python's -m", 'CMD ["python", "-m", "uvicorn", "app:app"]'],
  ["a shell", "CMD exec flask run --port 8000"],
  ["words of CMD behind an init", 'ENTRYPOINT ["tini", "--"]\nCMD ["mlflow", "server"]'],
  ["the name of the address", 'CMD ["tensorboard", "--logdir=/logs", "--host=localhost"]'],
  ["an environment of conda", 'CMD ["conda", "run", "-n", "lab", "uvicorn", "app:app"]'],
])("speaks of a server behind %s", (_, start) => {
  expect(messagesOf(serverOnLoopback, on(start))).toHaveLength(1);
});

it.each([
  ["words come when the container is started", 'ENTRYPOINT ["uvicorn", "app:app"]'],
  ["a variable says where", 'ENV UVICORN_HOST=0.0.0.0\nCMD ["uvicorn", "app:app"]'],
  ["options are in a variable", "CMD uvicorn app:app $OPTIONS"],
  ["it listens in a socket", 'CMD ["uvicorn", "app:app", "--uds", "/run/app.sock"]'],
  ["nginx stands before it", 'RUN apt-get install -y nginx\nCMD ["uvicorn", "app:app"]'],
  ["everything is bound", 'CMD ["tensorboard", "--logdir=/logs", "--bind_all"]'],
  ["the server listens everywhere of itself", 'CMD ["fastapi", "run", "app.py"]'],
  ["the word is somebody's argument", 'CMD ["pip", "show", "uvicorn"]'],
  ["a later CMD counts", 'CMD ["uvicorn", "app:app"]\nCMD ["uvicorn", "app:app", "--host", "0.0.0.0"]'],
])("says nothing where %s", (_, start) => {
  expect(messagesOf(serverOnLoopback, on(start))).toEqual([]);
});
