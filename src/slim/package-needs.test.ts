import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { needsOfDpkg, withNeeds } from "./package-needs.ts";

/** A status file of these packages, each with its other fields. */
function status(packages: Record<string, string[]>): Buffer {
  const stanzas = Object.entries(packages).map(
    ([name, fields]) => `Package: ${name}\nStatus: install ok installed\n${fields.join("\n")}\n`,
  );
  return Buffer.from(stanzas.join("\n"));
}

describe("the needs of dpkg's packages", () => {
  const needs = needsOfDpkg(
    status({
      libc6: ["Priority: optional", "Depends: libgcc-s1, libcrypt1 (>= 1:4.4.10-10~)"],
      libgcc: ["Provides: libgcc-s1 (= 12)"],
      libcrypt1: ["Depends: libc6 (>= 2.25)"],
      bash: ["Essential: yes", "Pre-Depends: libc6 (>= 2.36)"],
      torch: ["Depends: python3:any, libblas3 | libblas.so.3, no-such | libc6"],
      python3: [""],
      openblas: ["Provides: libblas.so.3, libblas-other"],
      gone: ["Status: deinstall ok config-files"],
    }),
  );

  it("are the first of the alternatives that is installed, by its name or by what it provides", () => {
    expect(needs.of("torch")).toEqual(["python3", "openblas", "libc6"]);
    expect(needs.of("nothing")).toEqual([]);
  });

  it("of the base system are found with all that those need, in circles too", () => {
    expect([...needs.base].sort()).toEqual(["bash", "libc6", "libcrypt1", "libgcc"]);
  });

  it("are found in any bytes without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const found = needsOfDpkg(Buffer.from(bytes));
        expect(withNeeds(["a"], found.of).has("a")).toBe(true);
      }),
    );
  });
});
