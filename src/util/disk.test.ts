import { expect, it } from "vitest";
import { diskError } from "./disk.ts";

const failure = (code: string) => Object.assign(new Error(`${code}: it failed, write`), { code });

it.each([
  ["ENOSPC", "the disk is full: /srv/layout could not be written"],
  ["EDQUOT", "your quota on the disk is used up: /srv/layout could not be written"],
])("%s is one code with the file and the remedy", (code, message) => {
  const error = failure(code);
  expect(diskError(error, "/srv/layout")).toMatchObject({
    code: "DISK_FULL",
    exitStatus: 3,
    message,
    hint: expect.stringMatching(/Free some space.*--tempdir/),
    cause: error,
  });
});

it("names the file that the system names where the caller does not know it", () => {
  const error = Object.assign(failure("ENOSPC"), { path: "/srv/new" });
  expect(diskError(error)).toMatchObject({ message: "the disk is full: /srv/new could not be written" });
  expect(diskError(failure("ENOSPC"))).toMatchObject({
    message: "the disk is full: a file could not be written",
  });
});

it("leaves every other error as it is", () => {
  for (const error of [failure("EACCES"), new Error("ENOSPC"), undefined, "thrown"]) {
    expect(diskError(error, "/srv/layout")).toBe(error);
  }
});
