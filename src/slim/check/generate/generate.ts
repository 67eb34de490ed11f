import { type Checklist, checklistSchema, type WrittenChecklist } from "../checklist.ts";
import type { CheckReport } from "../compare-checks.ts";
import type { CheckedImage } from "../image.ts";
import { titleOf } from "../result.ts";
import { titleOfImport } from "../runs/imports.ts";
import type { LeftOut } from "../write-checklist.ts";
import { commandTests } from "./commands.ts";
import { fileTests } from "./files.ts";
import { findNodes } from "./node.ts";
import { findPythons, type PythonPlace } from "./python.ts";
import { findRs } from "./r.ts";
import { findServices } from "./services.ts";

/** A checklist of what is found in an image, nothing of it tried yet. */
export function generateChecklist(image: CheckedImage): Checklist {
  const pythons = findPythons(image);
  const rs = findRs(image);
  const written: WrittenChecklist = {
    schemaVersion: "2.0.0",
    commandTests: commandTests(image, pythons, rs),
    ...fileTests(image),
    metadataTest: settings(image),
    serviceTests: findServices(image),
    importTests: [
      ...pythons
        .filter(({ modules }) => modules.length > 0)
        .map(({ interpreter, modules }) => ({
          name: interpreter,
          language: "python" as const,
          interpreter,
          modules,
        })),
      ...rs.map(({ interpreter, packages }) => ({
        name: interpreter,
        language: "r" as const,
        interpreter,
        modules: packages,
      })),
      ...findNodes(image).map(({ interpreter, folder, packages }) => ({
        name: `${folder}/node_modules`.replaceAll("//", "/"),
        language: "node" as const,
        interpreter,
        folder,
        modules: packages,
      })),
    ],
    scriptTests: scriptTests(pythons),
  };
  return checklistSchema.parse(written);
}

/** Each script once: Pythons of one system may share /usr/local/bin. */
function scriptTests(pythons: readonly PythonPlace[]): WrittenChecklist["scriptTests"] {
  const known = new Set<string>();
  return pythons.flatMap(({ interpreter, scripts }) => {
    const fresh = scripts.filter((script) => !known.has(script));
    for (const script of fresh) known.add(script);
    return fresh.length === 0 ? [] : [{ name: `scripts of ${interpreter}`, scripts: fresh }];
  });
}

/** How the image is set, but for its labels, which tell of the build. */
function settings({ run }: CheckedImage): WrittenChecklist["metadataTest"] {
  return {
    envVars: [...run.env].map(([key, value]) => ({ key, value })),
    // As container-structure-test names them.
    exposedPorts: run.ports.map((port) => port.replace(/\/tcp$/, "")),
    volumes: [...run.volumes],
    entrypoint: [...run.entrypoint],
    cmd: [...run.cmd],
    workdir: run.workingDir,
    user: run.user,
  };
}

/** The checklist without what did not pass, and what that was: a list that is run again must be able to pass. */
export function withoutFailed(list: Checklist, report: CheckReport): { list: Checklist; leftOut: LeftOut[] } {
  const failed = new Map(
    report.results
      .filter(({ outcome }) => outcome === "failed")
      .map((result) => [titleOf(result), result.failures[0] ?? ""]),
  );
  const isFine = (kind: Parameters<typeof titleOf>[0]["kind"], name: string): boolean =>
    !failed.has(titleOf({ kind, name }));
  const kept: Checklist = {
    ...list,
    commandTests: list.commandTests.filter(({ name }) => isFine("command", name)),
    fileExistenceTests: list.fileExistenceTests.filter(({ name }) => isFine("file", name)),
    ownerTests: list.ownerTests.filter(({ name }) => isFine("owner", name)),
    writableTests: list.writableTests.filter(({ name }) => isFine("writable", name)),
    linkTests: list.linkTests.filter(({ name }) => isFine("link", name)),
    libraryTests: list.libraryTests.filter(({ name }) => isFine("library", name)),
    uniqueTests: list.uniqueTests.filter(({ name }) => isFine("unique", name)),
    serviceTests: list.serviceTests.filter(({ name }) => isFine("service", name)),
    importTests: list.importTests
      .map((test) => ({
        ...test,
        modules: test.modules.filter((module) => isFine("import", titleOfImport(module, test))),
      }))
      .filter(({ modules }) => modules.length > 0),
    scriptTests: list.scriptTests
      .map((test) => ({ ...test, scripts: test.scripts.filter((script) => isFine("script", script)) }))
      .filter(({ scripts }) => scripts.length > 0),
  };
  return { list: kept, leftOut: [...failed].map(([name, why]) => ({ name, why })) };
}
