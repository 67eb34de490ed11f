import type { FileTree } from "../../inspect/file-tree.ts";

/** Who a process in a container is. */
export interface User {
  uid: number;
  gid: number;
  /** Supplementary groups, without `gid`. */
  groups: number[];
  /** HOME; `/` where nothing says. */
  home: string;
}

/**
 * The user that `name`, `uid`, `name:group` and the like mean in an image, as engines read them: names from /etc/passwd and /etc/group,
 * numbers also where nobody has them, nothing for root. Undefined for a name that is not there.
 */
export function findUser(tree: FileTree, text: string): User | undefined {
  const [userPart = "", groupPart] = text.split(":", 2);
  const people = fieldsOf(tree.text("etc/passwd"));
  const groups = fieldsOf(tree.text("etc/group"));
  const wanted = userPart === "" ? "0" : userPart;
  const known = people.find((one) => one[0] === wanted) ?? people.find((one) => one[2] === wanted);
  const uid = known === undefined ? numberOf(wanted) : numberOf(known[2]);
  if (uid === undefined) return undefined;
  const home = known?.[5] || "/";
  if (groupPart !== undefined && groupPart !== "") {
    const group = groups.find((one) => one[0] === groupPart);
    const gid = numberOf(group?.[2] ?? groupPart);
    return gid === undefined ? undefined : { uid, gid, groups: [], home };
  }
  const gid = numberOf(known?.[3]) ?? 0;
  const others = groups
    .filter((one) => known !== undefined && (one[3] ?? "").split(",").includes(known[0] ?? ""))
    .map((one) => numberOf(one[2]))
    .filter((id) => id !== undefined && id !== gid);
  return { uid, gid, groups: [...new Set(others)].filter((id) => id !== undefined), home };
}

function fieldsOf(text = ""): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim().split(":"))
    .filter((fields) => fields.length >= 3);
}

/** An id of 32 bits; undefined for any other text. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id < 2 ** 32 - 1 ? id : undefined;
}
