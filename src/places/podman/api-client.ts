import { readAll } from "../../codec/read-all.ts";
import { mapLimited } from "../../util/map-limited.ts";
import { type EngineHttp, refused, refusedStatus } from "../docker/http.ts";
import { type PodmanClient, type PodmanImage, readIds, readInfo, readInspected } from "./client.ts";

/** Podman's own API; this version of it is understood by every Podman from 3.1 on. */
const base = "/v3.0.0/libpod";

/** Podman over its socket. */
export function podmanApi(http: EngineHttp): PodmanClient {
  const inspect = async (name: string): Promise<PodmanImage | undefined> => {
    try {
      return readInspected(await http.json({ path: `${base}/images/${encodeURIComponent(name)}/json` }));
    } catch (error) {
      if (refusedStatus(error) === 404) return undefined;
      throw error;
    }
  };
  return {
    async info() {
      return readInfo(await http.json({ path: `${base}/info` }), http.address.kind === "unix");
    },
    async list() {
      const ids = readIds(await http.json({ path: `${base}/images/json` }));
      const images = await mapLimited(ids, 4, inspect);
      return images.filter((image) => image !== undefined);
    },
    inspect,
    async save(id) {
      const path = `${base}/images/${encodeURIComponent(id)}/get`;
      const answer = await http.call({ path, query: { format: "docker-archive" } });
      if (answer.ok) return answer.body;
      throw refused("Podman", answer.status, await readAll(answer.body, 1 << 20, "Podman's answer"));
    },
    async load(archive, signal) {
      const path = `${base}/images/load`;
      await http.json({ method: "POST", path, body: archive, contentType: "application/x-tar", signal });
    },
  };
}
