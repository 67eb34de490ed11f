import type { TarType } from "../../../tar/entry.ts";
import type { FileContentTest, FileExistenceTest, LicenseTest, OwnerTest } from "../checklist.ts";
import { expandVariables } from "../expand.ts";
import { modeText } from "../file-mode.ts";
import { type CheckedImage, readFiles } from "../image.ts";
import { patternFailures } from "../patterns.ts";
import { resultOf, type CheckResult } from "../result.ts";

/** What is known of a path without opening it. */
interface Facts {
  type: TarType;
  mode: number;
  uid: number;
  gid: number;
}

/** Folders that no tar names are made by engines so. */
const implied: Facts = { type: "directory", mode: 0o755, uid: 0, gid: 0 };

/** What every container has, whether the image brings it or not. */
const always = new Map<string, Facts>([
  ...["etc/hosts", "etc/hostname", "etc/resolv.conf"].map((path): [string, Facts] => [
    path,
    { ...implied, type: "file" },
  ]),
  ...["dev", "dev/pts", "dev/shm", "proc", "sys"].map((path): [string, Facts] => [path, implied]),
]);

const executableBits: Readonly<Record<string, number>> = {
  any: 0o111,
  owner: 0o100,
  group: 0o010,
  other: 0o001,
};

/** Whether a file is there, whose it is and what may be done with it. The last link of the path is looked at itself. */
export function lookAtFile(
  test: FileExistenceTest,
  { tree }: CheckedImage,
  env: ReadonlyMap<string, string>,
): CheckResult {
  const path = expandVariables(test.path, (name) => env.get(name));
  const found = tree.find(path, { lastLink: "keep" });
  const facts = found === undefined ? always.get(plainPath(path)) : (found.placed?.entry ?? implied);
  return resultOf("file", test.name, { failures: fileFailures(test, path, facts) });
}

function plainPath(path: string): string {
  return path
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .join("/");
}

function fileFailures(test: FileExistenceTest, path: string, facts: Facts | undefined): string[] {
  if (!test.shouldExist) return facts === undefined ? [] : [`${path} is there`];
  if (facts === undefined) return [`${path} is not there`];
  const failures = ownerFailures(path, test, facts);
  if (test.isExecutableBy !== "") {
    const bits = Object.hasOwn(executableBits, test.isExecutableBy)
      ? (executableBits[test.isExecutableBy] ?? 0)
      : undefined;
    if (bits === undefined)
      failures.push(`isExecutableBy ${test.isExecutableBy} is none of any, owner, group, other`);
    else if ((facts.mode & bits) === 0)
      failures.push(
        `${path} is not executable by ${test.isExecutableBy}: ${modeText(facts.type, facts.mode)}`,
      );
  }
  return failures;
}

function ownerFailures(
  path: string,
  wanted: { permissions: string; uid: number; gid: number },
  { type, mode, uid, gid }: Facts,
): string[] {
  const is = modeText(type, mode);
  return [
    ...(wanted.permissions === "" || wanted.permissions === is
      ? []
      : [`${path} is ${is}, not ${wanted.permissions}`]),
    ...(wanted.uid === -1 || wanted.uid === uid ? [] : [`${path} belongs to user ${uid}, not ${wanted.uid}`]),
    ...(wanted.gid === -1 || wanted.gid === gid
      ? []
      : [`${path} belongs to group ${gid}, not ${wanted.gid}`]),
  ];
}

/** Whether a file or a whole folder has its owner and mode. */
export function lookAtOwners(test: OwnerTest, { tree }: CheckedImage): CheckResult {
  const top = tree.find(test.path);
  if (top === undefined) return resultOf("owner", test.name, { failures: [`${test.path} is not there`] });
  const except = new Set(test.except);
  const failures = ownerFailures(test.path, test, top.placed?.entry ?? implied);
  // A mode is that of one path: files and folders below have others.
  const below = { ...test, permissions: "" };
  const prefix = top.path === "" ? "" : `${top.path}/`;
  if (test.recursive)
    for (const [path, { entry }] of tree.view.visible) {
      if (path.startsWith(prefix) && !except.has(`/${path}`))
        failures.push(...ownerFailures(`/${path}`, below, entry));
    }
  return resultOf("owner", test.name, { failures: failures.sort() });
}

/** What files hold. */
export async function lookAtContents(
  tests: readonly FileContentTest[],
  image: CheckedImage,
): Promise<CheckResult[]> {
  const contents = await readFiles(
    image,
    tests.map(({ path }) => path),
  );
  return tests.map((test) => {
    const content = contents.get(test.path);
    const failures =
      content === undefined
        ? [`${test.path} is no file that could be read`]
        : patternFailures(content.toString("utf8"), test.path, {
            expected: test.expectedContents,
            excluded: test.excludedContents,
          });
    return resultOf("content", test.name, { failures });
  });
}

const debianDocs = "usr/share/doc";
/** What container-structure-test lets pass and what it refuses. */
const alwaysFine = new Set(["libgnutls30"]);
const refused = ["AGPL", "WTFPL"];

/** Whether licences are such as container-structure-test allows: of Debian's packages, and of files that are named. */
export async function lookAtLicenses(
  tests: readonly LicenseTest[],
  image: CheckedImage,
): Promise<CheckResult[]> {
  const { tree } = image;
  const packages = tests.some(({ debian }) => debian)
    ? tree
        .names(debianDocs)
        .filter((name) => tree.view.visible.get(`${debianDocs}/${name}`)?.entry.type === "directory")
        .filter((name) => !alwaysFine.has(name))
        .map((name) => `/${debianDocs}/${name}/copyright`)
    : [];
  const contents = await readFiles(image, [...packages, ...tests.flatMap(({ files }) => files)]);
  return tests.map(({ debian, files }, at) => {
    const paths = [...(debian ? packages : []), ...files];
    const isBare = debian && tree.find(debianDocs) === undefined;
    const failures = paths.flatMap((path) => {
      const content = contents.get(path)?.toString("latin1").toUpperCase();
      if (content === undefined) return [`${path} is no file that could be read`];
      return refused.filter((word) => content.includes(word)).map((word) => `${path} speaks of ${word}`);
    });
    return resultOf("license", tests.length === 1 ? "licenses" : `licenses ${at + 1}`, {
      failures: [...(isBare ? [`/${debianDocs} is not there`] : []), ...failures.sort()],
    });
  });
}
