import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, debianBase, dropStore, exportArchive } from "../images/builder.ts";
import { workFolder, workPath } from "../images/places.ts";

const dockerfile = `FROM localhost/bad-debian
ARG PIP_CERT
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip
RUN pip install --no-cache-dir --break-system-packages torch==2.9.1 torchvision==0.24.1 transformers scikit-learn pandas
CMD ["python3"]
`;

/** An image of more than 6 GB with PyPI's torch and its CUDA libraries, as `docker save` writes it; built when it is not there yet. Needs 20 GB. */
export async function bigArchive(): Promise<string> {
  const archive = join(workFolder, "big", "torch.tar");
  if (existsSync(archive)) return archive;
  process.stderr.write("building an image with PyPI's torch\n");
  await debianBase("bad-debian", "bookworm", ["updates", "security"]);
  await build({ tag: "big-torch", context: workPath("contexts", "big"), dockerfile, pip: true });
  const partial = join(workPath("big"), "torch.partial");
  rmSync(partial, { force: true });
  await exportArchive("big-torch", partial);
  renameSync(partial, archive);
  await dropStore();
  return archive;
}
