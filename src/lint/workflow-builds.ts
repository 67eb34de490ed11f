import { readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { readText } from "./read-text.ts";

/** A build that a workflow of GitHub runs: which Dockerfiles, and the context, by their paths in the repository. */
interface WorkflowBuild {
  readonly dockerfile: RegExp;
  readonly context: string;
}

/**
 * The context of a Dockerfile (its path in the repository, with `/`) by `docker/build-push-action` in the workflows of the repository at `root`;
 * undefined where none builds it, or several with different ones.
 */
export function workflowContexts(root: string): (dockerfile: string) => string | undefined {
  let builds: WorkflowBuild[] | undefined;
  return (dockerfile) => {
    builds ??= workflows(join(root, ".github", "workflows")).flatMap(buildsIn);
    const found = new Set(
      builds.filter((one) => one.dockerfile.test(dockerfile)).map(({ context }) => context),
    );
    return found.size === 1 ? [...found][0] : undefined;
  };
}

function workflows(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => readText(join(folder, name)) ?? "");
  } catch {
    return [];
  }
}

/** Reads no YAML: the inputs of the action are plain lines below `with:`. What a matrix puts into a file's name may be anything but a folder. */
function buildsIn(text: string): WorkflowBuild[] {
  if (!text.includes("docker/build-push-action")) return [];
  return [...text.matchAll(/^([ ]*)with:[ ]*\n((?:\1[ ]+.*\n|[ ]*\n)*)/gm)].flatMap(
    (match): WorkflowBuild[] => {
      const input = (name: string): string | undefined =>
        new RegExp(`^ *${name}: *["']?([^"'#\\n]+?)["']? *(?:#.*)?$`, "m").exec(match[2] ?? "")?.[1];
      const [file, context] = [input("file"), input("context")];
      if (file === undefined || context === undefined || /[$:]/.test(context)) return [];
      const pattern = posix
        .normalize(file)
        .split(/\$\{\{[^}]*\}\}/)
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join("[^/]+");
      return [{ dockerfile: new RegExp(`^${pattern}$`), context: posix.normalize(context) }];
    },
  );
}
