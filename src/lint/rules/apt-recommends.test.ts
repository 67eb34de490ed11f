import { expect, test } from "vitest";
import { checkFile } from "../check-file.ts";
import { contextFor, readAs, settingsFor } from "../testing/check.ts";
import { aptRecommends } from "./apt-recommends.ts";

const findings = (path: string) =>
  checkFile(
    readAs("dockerfile", "FROM debian:12\nRUN apt-get install -y build-essential vim\n"),
    settingsFor(aptRecommends),
    {
      ...contextFor({}),
      path,
    },
  ).findings;

test("people who work in a devcontainer get what is recommended", () => {
  expect(findings(".devcontainer/Dockerfile")).toEqual([]);
  expect(findings("app/.devcontainer/gpu/Dockerfile")).toEqual([]);
  expect(findings("devcontainer/Dockerfile")).toHaveLength(1);
});
