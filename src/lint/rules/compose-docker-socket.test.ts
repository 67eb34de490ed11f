import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { composeDockerSocket } from "./compose-docker-socket.ts";

const service = (comment: string) =>
  `services:\n  agent:\n    image: lab/agent:1\n${comment}    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock\n`;

test.each(["", "    # the docker socket\n", "    # restarts by itself, so that nobody has to\n"])(
  "asks why after %j",
  (comment) => {
    expect(messagesOf(composeDockerSocket, service(comment))).toHaveLength(1);
  },
);

test("an explanation is enough", () => {
  const comment = "    # The Docker socket is mounted so that tools can start containers.\n";
  expect(messagesOf(composeDockerSocket, service(comment))).toEqual([]);
});
