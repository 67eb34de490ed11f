import { describe, expect, it } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { rootHomeTool } from "./root-home-tool.ts";

const install = "RUN curl -LsSf https://astral.sh/uv/install.sh | sh\n";
const use = 'USER app\nCMD ["uv", "run", "app"]\n';

describe("tools below /root", () => {
  it.each([
    ["used by CMD as another user", `FROM debian:12\n${install}${use}`],
    ["used in RUN as another user", `FROM debian:12\n${install}USER app\nRUN uv sync\nCMD ["sleep"]\n`],
    ["installed in the stage below", `FROM debian:12 AS a\n${install}FROM a\n${use}`],
  ])("found: %s", (_, text) => {
    expect(messagesOf(rootHomeTool, text)).toHaveLength(1);
  });

  it.each([
    ["root uses it", `FROM debian:12\n${install}CMD ["uv"]\n`],
    ["nobody uses it later", `FROM debian:12\n${install}USER app\nCMD ["/app/.venv/bin/python"]\n`],
    ["installed elsewhere", `FROM debian:12\nENV UV_INSTALL_DIR=/usr/local/bin\n${install}${use}`],
    ["installed as that user", `FROM debian:12\nUSER app\n${install}CMD ["uv"]\n`],
    ["copied out of there", `FROM debian:12\n${install}RUN cp /root/.local/bin/uv /usr/local/bin/\n${use}`],
    ["/root opened", `FROM debian:12\n${install}RUN chmod 755 /root\n${use}`],
    ["a base with a user of its own, unknown", `FROM lab/own:1\n${install}${use}`],
  ])("silent: %s", (_, text) => {
    expect(messagesOf(rootHomeTool, text)).toEqual([]);
  });
});
