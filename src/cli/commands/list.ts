import { ownRegistry } from "../../places/registry/endpoint.ts";
import { defineCommand } from "../command.ts";
import { hasTransport, registryName } from "../names.ts";
import { usageError } from "../usage.ts";

export const list = defineCommand({
  name: "list",
  summary: "list a registry's repositories, or a repository's tags",
  usage: ["list [OPTIONS] [REPOSITORY]", "list [OPTIONS] docker://HOST/[REPOSITORY]"],
  description: [
    "Without an argument, lists the repositories of the registry at DDIFF_URL; with one, the tags of that repository, one per line.",
    "A slash at the end means the registry itself: docker://registry.lab:5000/.",
  ],
  arguments: [
    {
      name: "REPOSITORY",
      complete: "place",
      help: "a repository there, or a registry or repository elsewhere as docker://...",
    },
  ],
  options: {},
  examples: [
    { text: "What the registry has", command: "ddiff list" },
    { text: "The tags of one repository", command: "ddiff list torch-app" },
    { text: "Somewhere else", command: "ddiff list docker://registry.lab:5000/lab/torch-app" },
  ],
  async run(call) {
    const [name] = call.args;
    const context = await call.context();
    const { listRepositories, listTags } = await import("../../places/registry.ts");
    if (name === undefined || /^docker:\/\/[^/]+\/?$/.test(name)) {
      const rest = name === undefined ? `//${ownRegistry(call.env).domain}` : name.replace(/^docker:/, "");
      const repositories = await listRepositories(rest, context);
      return { json: { repositories }, answer: repositories.join("\n") };
    }
    if (hasTransport(name) && !name.startsWith("docker://")) {
      throw usageError(
        "list is for registries",
        "list",
        'Use "ddiff have" for what an engine or a layout holds.',
      );
    }
    const full = name.startsWith("docker://") ? name : registryName(name, call.env);
    const tags = await listTags(full.replace(/^docker:/, ""), context);
    return { json: { repository: full.replace(/^docker:\/\//, ""), tags }, answer: tags.join("\n") };
  },
});
