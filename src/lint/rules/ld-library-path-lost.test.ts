import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { ldLibraryPathLost } from "./ld-library-path-lost.ts";

test.each([
  "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\n# where our libraries are\nENV LD_LIBRARY_PATH=/opt/lib",
])("finds %s", (lines) => {
  expect(messagesOf(ldLibraryPathLost, `${lines}\n`)).toHaveLength(1);
});

test.each([
  "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\n# not ${LD_LIBRARY_PATH}: a colon at the end\n# would mean the working folder\nENV LD_LIBRARY_PATH=/opt/lib",
])("leaves %s alone", (lines) => {
  expect(messagesOf(ldLibraryPathLost, `${lines}\n`)).toEqual([]);
});
