import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { condaCacheKept } from "./conda-cache-kept.ts";

test.each([
  ["conda install -y numpy", 1],
  ['if [ -n "$(command -v conda)" ]; then conda install -y numpy; fi', 0],
])("%s", (script, count) => {
  expect(messagesOf(condaCacheKept, `FROM nvcr.io/nvidia/pytorch:23.10-py3\nRUN ${script}\n`)).toHaveLength(
    count,
  );
});
