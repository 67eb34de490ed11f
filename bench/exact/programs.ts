import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program that packs the file `input` to standard output. */
export interface ProgramMaker {
  title: string;
  version: string;
  script: string;
}

const java = `import java.util.zip.*;
public class Pack {
  public static void main(String[] args) throws Exception {
    try (var out = new GZIPOutputStream(System.out)) { System.in.transferTo(out); }
  }
}
`;

function python(program: string): string {
  return `python3 -c 'import gzip, shutil, sys, tarfile; ${program}'`;
}

/** Writes a gzip file of standard input as Python's module does; `more` are further arguments. */
function gzipFile(level: number, more: string): string {
  return python(
    `out = gzip.GzipFile("layer.tar", "wb", ${level}, sys.stdout.buffer, ${more}); shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20); out.close()`,
  );
}

/** Programs that are no builders by themselves, and by which many builders pack; `work` is where they run. */
export function programMakers(work: string): ProgramMaker[] {
  writeFileSync(join(work, "Pack.java"), java);
  return [
    {
      title: "Python gzip, level 9 (its default)",
      version: said("python3", "--version"),
      script: `${gzipFile(9, "mtime=0")} < input`,
    },
    {
      title: "Python gzip, level 6, with name and time (Bazel rules_pkg)",
      version: said("python3", "--version"),
      script: `${gzipFile(6, "mtime=946684800")} < input`,
    },
    {
      title: "Java GZIPOutputStream (jib)",
      version: said("javac", "-version").replace("javac", "Java"),
      script: "javac Pack.java && java Pack < input",
    },
    {
      title: "bsdtar --gzip (Bazel tar.bzl)",
      version: said("bsdtar", "--version").split(" - ")[0] ?? "",
      script: "bsdtar --gzip --options='gzip:!timestamp' -cf - @input",
    },
    {
      title: "bsdtar --gzip, with its time",
      version: said("bsdtar", "--version").split(" - ")[0] ?? "",
      script: "bsdtar --gzip -cf - @input",
    },
    {
      title: "ddiff push, and others by Node",
      version: `Node ${process.versions.node}`,
      script: `${process.execPath} -e 'process.stdin.pipe(zlib.createGzip()).pipe(process.stdout)' < input`,
    },
    { title: "GNU gzip", version: said("gzip", "--version").split("\n")[0] ?? "", script: "gzip -n < input" },
    { title: "pigz", version: said("pigz", "--version"), script: "pigz -n < input" },
  ];
}

function said(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}
