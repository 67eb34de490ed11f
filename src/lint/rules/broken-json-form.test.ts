import { expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { brokenJsonForm } from "./broken-json-form.ts";

const on = (rest: string): string => `FROM python:3.12-slim\n${rest}\n`;

it.each([
  "HEALTHCHECK CMD ['test', '-f', '/tmp/alive']",
  "VOLUME ['/data']",
  "RUN ['pip', 'install', 'torch']",
  'CMD ["python", "serve.py",]',
  "CMD [“python”, “serve.py”]",
  'ONBUILD ENTRYPOINT ["python" "serve.py"]',
])("%s is no list", (line) => {
  expect(messagesOf(brokenJsonForm, on(line))).toHaveLength(1);
});

it.each([
  'RUN [ "$A" = "$B" ]',
  'RUN ["$A" = "$B" ]',
  'CMD [ "$MODE" = "train" ] && [ -n "$DATA" ]',
  'RUN [[ "$A" == "b" ]]',
  'CMD ["python", "serve.py"]',
  "CMD []",
  'HEALTHCHECK CMD [ -f "/tmp/alive" ]',
  'COPY ["a b", "/app/"]',
])("%s is what it looks like", (line) => {
  expect(messagesOf(brokenJsonForm, on(line))).toEqual([]);
});
