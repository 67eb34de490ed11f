import { defineCommand } from "../command.ts";

export const have = defineCommand({
  name: "have",
  summary: "list the layers that are here, for ddiff diff --have",
  usage: ["have [OPTIONS] [PLACE...]"],
  description: [
    "Prints the images of a place and their layers as JSON. Run it on the machine that will load bundles and carry the list to the one that writes them: no base needs to be named then, and every layer of every image there counts.",
    "The list has names and digests only, a few kilobytes for a server full of images.",
  ],
  arguments: [
    {
      name: "PLACE",
      many: true,
      complete: "place",
      help: "an engine (docker-daemon:), a layout (oci:FOLDER), an archive, or an image in a registry; the engine on this machine when not said",
    },
  ],
  options: {},
  examples: [
    { text: "On the server", command: "ddiff have > have.json" },
    { text: "Then on the workstation", command: "ddiff diff --have have.json torch-app:2" },
    { text: "Of a Kubernetes node", command: "ddiff have containerd: --namespace k8s.io > have.json" },
  ],
  async run(call) {
    const context = await call.context();
    const [{ listHave }, { openPlace }] = await Promise.all([
      import("../../delta/have.ts"),
      import("../../places/open.ts"),
    ]);
    const names = [...call.args];
    if (names.length === 0) {
      const { findEngine } = await import("../../places/engine.ts");
      names.push(`${await findEngine(context)}:`);
    }
    const places = [];
    for (const name of names) places.push(await openPlace(name, context));
    const list = await listHave(places);
    return { json: list, answer: JSON.stringify(list, null, 1) };
  },
});
