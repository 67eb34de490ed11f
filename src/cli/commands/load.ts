import { setFlagsFromString } from "node:v8";
import { formatBytes } from "../../util/bytes.ts";
import { defineCommand, type Outcome } from "../command.ts";

export const load = defineCommand({
  name: "load",
  summary: "make the images of a bundle, from it and the base that is here",
  usage: ["load [OPTIONS] BUNDLE"],
  description: [
    "Reads a bundle, takes what it leaves out from the images that are here, rebuilds every layer and checks it against the digest in its image's configuration. Only then is the image made visible: it has the ID it had where the bundle was written. Whatever fails, nothing is left half done.",
    "The base is found by its layers, under whatever name. It may lie where the image is loaded to, or be named with --base.",
    "BUNDLE may be any part of a split bundle; the others are found beside it. Archives (.tar.gz) of the original DockerDiff are read too.",
  ],
  arguments: [
    { name: "BUNDLE", required: true, complete: "bundle", help: "a file of ddiff diff; - is standard input" },
  ],
  options: {
    to: {
      value: "PLACE",
      complete: "place",
      help: "where to put the images, with or without a name; the engine on this machine when not said",
    },
    base: {
      value: "IMAGE",
      many: true,
      complete: "place",
      help: "an image with layers that the bundle builds on",
    },
    "require-exact": {
      help: "write nothing where a registry, an OCI layout or containerd would get the image with another digest than it had",
    },
    "verify-only": {
      help: "check the bundle, and rebuild its layers where the base is here, but load nothing",
    },
  },
  examples: [
    { text: "Into Docker, Podman or containerd, whichever is here", command: "ddiff load torch-app-2.ddiff" },
    {
      text: "Into a registry that has the base",
      command: "ddiff load torch-app-2.ddiff --to docker://registry.lab:5000/",
    },
    {
      text: "Into an OCI layout, with the base in an archive",
      command: "ddiff load torch-app-2.ddiff --to oci:images --base docker-archive:torch-app-1.tar",
    },
    {
      text: "Into containerd on a Kubernetes node",
      command: "ddiff load torch-app-2.ddiff --to containerd: --namespace k8s.io",
    },
    {
      text: "Check a stick before carrying it away",
      command: "ddiff load /media/stick/torch-app.ddiff.001 --verify-only",
    },
  ],
  async run(call) {
    // Of what streams by little lives long: without room to grow, buffers go as soon as they are used (100 MB less at the peak).
    setFlagsFromString("--semi-space-growth-factor=1");
    const [bundle = ""] = call.args;
    const context = await call.context();
    const { loadBundle, verifyBundle } = await import("../../delta/load.ts");
    const { to, base: bases } = call.options;
    const requireExact = call.options["require-exact"];
    const request = { bundle, bases, requireExact, context, ...(to === undefined ? {} : { to }) };
    if (call.options["verify-only"]) return verified(bundle, await verifyBundle(request));
    const report = await loadBundle(request);
    const [first] = report.loaded;
    const size = formatBytes(report.bundleBytes);
    if (first?.madeThere === true) {
      const name = `${first.label} is loaded, ${first.digest.slice(0, 19)}`;
      return { json: report, summary: [`${name}: made there of a bundle of ${size}`] };
    }
    const sent = report.loaded.reduce((sum, one) => sum + one.bytes, 0);
    return {
      json: report,
      summary: report.loaded.map(
        (one, at) =>
          `${one.label} is loaded, ${one.digest.slice(0, 19)}${at === report.loaded.length - 1 ? `: ${formatBytes(sent)} written from a bundle of ${size}` : ""}`,
      ),
    };
  },
});

type VerifyReport = Awaited<ReturnType<typeof import("../../delta/load.ts")["verifyBundle"]>>;

function verified(bundle: string, report: VerifyReport): Outcome {
  const names = report.targets.join(", ");
  const size = formatBytes(report.bundleBytes);
  if (report.missing.length > 0) {
    const layers = report.missing.length === 1 ? "1 layer" : `${report.missing.length} layers`;
    return {
      json: report,
      summary: [
        `${layers} of the base are not here, so no layer of ${names} could be rebuilt`,
        `${bundle}: ${size}, every byte of the bundle is right`,
      ],
    };
  }
  const rebuilt = report.layersRebuilt === 1 ? "1 layer" : `${report.layersRebuilt} layers`;
  return {
    json: report,
    summary: [`${bundle}: ${size}, every byte is right; ${rebuilt} of ${names} rebuilt and right`],
  };
}
