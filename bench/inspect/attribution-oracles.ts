import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Image } from "./attribution-images.ts";

/** Whose a path is, as its manager says: `dpkg libc6`. */
interface Answer {
  owner: string;
  path: string;
}

/** Who has a file, by its inode in the root folder; several where one manager delivers another's packages. */
export type Answers = ReadonlyMap<string, ReadonlySet<string>>;

/** Asks the managers of an image, in the image, for the files of their packages. */
export async function askManagers(image: Image, root: string): Promise<Answers> {
  const inside = (script: string, input = ""): Promise<string> => runInside(root, script, input);
  const answers: Answer[] = await askDpkg(inside);
  for (const pip of image.pips) answers.push(...(await askPip(inside, pip)));
  for (const npm of image.npms) answers.push(...(await askNpm(inside, npm)));
  if (image.packages.includes("r-base-core")) answers.push(...(await askR(inside)));
  if (image.packages.includes("rpm")) answers.push(...(await askRpm(inside)));
  if (image.id === "conda-like") answers.push(...(await askConda(inside)));
  return byInode(inside, answers);
}

/** How pip compares names (PyPA specification "Names and normalization"). */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

type Inside = (script: string, input?: string) => Promise<string>;

async function askDpkg(inside: Inside): Promise<Answer[]> {
  const answers: Answer[] = [];
  let owner = "";
  const names = `dpkg-query -W -f '\${binary:Package}\\n'`;
  for (const line of linesOf(
    await inside(`${names} | while read p; do echo "= $p"; dpkg-query -L "$p"; done`),
  )) {
    const diverted = /^(?:diverted by .+|locally diverted) to: (.+)$/.exec(line)?.[1];
    const last = answers.at(-1);
    if (line.startsWith("= ")) owner = `dpkg ${line.slice(2).replace(/:.*/, "")}`;
    else if (diverted !== undefined && last !== undefined) last.path = diverted;
    else if (line.startsWith("/")) answers.push({ owner, path: line });
  }
  return answers;
}

async function askPip(inside: Inside, pip: string): Promise<Answer[]> {
  const list = JSON.parse(await inside(`${pip} list --format=json 2>/dev/null`)) as { name: string }[];
  const shown = await inside(`${pip} show -f ${list.map(({ name }) => name).join(" ")} 2>/dev/null`);
  const answers: Answer[] = [];
  let [owner, location] = ["", ""];
  for (const line of linesOf(shown)) {
    const [, field, value = ""] = /^(Name|Location): (.*)$/.exec(line) ?? [];
    if (field === "Name") owner = `pip ${plainName(value)}`;
    else if (field === "Location") location = value;
    else if (line.startsWith("  ") && !line.startsWith("  Cannot"))
      answers.push({ owner, path: line.startsWith("  /") ? line.trim() : `${location}/${line.slice(2)}` });
  }
  return answers;
}

async function askNpm(inside: Inside, npm: string): Promise<Answer[]> {
  const list = await inside(`${npm} ls --all --parseable --long`);
  const folders = linesOf(list).flatMap((line): [string, string][] => {
    const [folder = "", named = ""] = line.split(":");
    return folder.includes("/node_modules/") ? [[`npm ${named.replace(/@[^@]*$/, "")}`, folder]] : [];
  });
  return filesBelow(inside, folders);
}

async function askR(inside: Inside): Promise<Answer[]> {
  const rows =
    'p <- installed.packages(); cat(paste(p[, "Package"], p[, "LibPath"], sep = "\\t"), sep = "\\n")';
  const folders = linesOf(await inside(`Rscript -e '${rows}'`)).map((line): [string, string] => {
    const [name = "", library = ""] = line.split("\t");
    return [`r ${name}`, `${library}/${name}`];
  });
  return filesBelow(inside, folders);
}

async function askRpm(inside: Inside): Promise<Answer[]> {
  const rows = await inside(
    `rpm --dbpath /var/lib/rpm --query --all --queryformat '[%{=NAME}\\t%{FILENAMES}\\n]'`,
  );
  return linesOf(rows).map((line) => {
    const [name = "", path = ""] = line.split("\t");
    return { owner: `rpm ${name}`, path };
  });
}

/** Conda itself is not there: its records are what was written by hand. */
async function askConda(inside: Inside): Promise<Answer[]> {
  const records = linesOf(await inside("for f in /opt/conda/conda-meta/*.json; do cat $f; echo; done"));
  return records.flatMap((line) => {
    const { name, files } = JSON.parse(line) as { name: string; files: string[] };
    return files.map((file) => ({ owner: `conda ${name}`, path: `/opt/conda/${file}` }));
  });
}

/** The files of packages that are folders, without those in a `node_modules` within. */
async function filesBelow(
  inside: Inside,
  folders: readonly [owner: string, folder: string][],
): Promise<Answer[]> {
  const find =
    'while read -r d; do echo "= $d"; find "$d" -path "$d/node_modules" -prune -o ! -type d -print; done';
  const owners = new Map(folders.map(([owner, folder]) => [folder, owner]));
  const answers: Answer[] = [];
  let owner = "";
  for (const line of linesOf(await inside(find, `${folders.map(([, folder]) => folder).join("\n")}\n`))) {
    if (line.startsWith("= ")) owner = owners.get(line.slice(2)) ?? "";
    else answers.push({ owner, path: line });
  }
  return answers;
}

/** The image's own kernel resolves the paths: no code of ours is asked where a link leads. */
async function byInode(inside: Inside, answers: readonly Answer[]): Promise<Answers> {
  const stat = "xargs -d '\\n' stat --printf='%i\\t%F\\t%n\\n' 2>/dev/null || true";
  const inodes = new Map<string, string>();
  for (const line of linesOf(await inside(stat, `${answers.map(({ path }) => path).join("\n")}\n`))) {
    const [inode = "", kind = "", path = ""] = line.split("\t");
    if (kind !== "directory") inodes.set(path, inode);
  }
  const owners = new Map<string, Set<string>>();
  for (const { owner, path } of answers) {
    const inode = inodes.get(path);
    if (inode === undefined) continue;
    const known = owners.get(inode);
    if (known === undefined) owners.set(inode, new Set([owner]));
    else known.add(owner);
  }
  return owners;
}

/** What a shell script in the root prints, with /dev and /proc for as long as it runs. */
async function runInside(root: string, script: string, input: string): Promise<string> {
  const mounts =
    'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c "$1"';
  const how = ["--mount", "--propagation", "private", "sh", "-c", mounts, root, script];
  const child = spawn("unshare", how, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  const output = await buffer(child.stdout);
  return output.toString();
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
