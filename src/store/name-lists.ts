/** How many names are kept in memory in all; a folder that has more by itself is kept alone. */
const defaultLimit = 300_000;

/** Names of one folder in byte order (they are ASCII, so the order of strings is it). */
interface NameList {
  names: string[];
  /** Changes that came while the folder was being read; undefined once it has been. */
  changes: [name: string, there: boolean][] | undefined;
  ready: Promise<void>;
}

/**
 * Sorted names of folders, so that a page of a listing costs the page and not the folder. It is right because only this process
 * writes there and tells of every change.
 */
export interface NameLists {
  /** At most `limit` names of `folder` that are greater than `after`; `read` gives them all, in any order, where they are not known. */
  page(
    folder: string,
    read: () => Promise<string[]>,
    options: { after?: string | undefined; limit?: number | undefined },
  ): Promise<string[]>;
  /** Tells that `name` is in `folder` now, or that it is not. Call it right when it became so, before anything is awaited. */
  change(folder: string, name: string, there: boolean): void;
  /** Has the folder read again when its names are wanted next. */
  forget(folder: string): void;
}

/** Lists that keep about `limit` names. */
export function makeNameLists(limit = defaultLimit): NameLists {
  const lists = new Map<string, NameList>();
  /** Of the lists that are in the map and have been read; each counts one more than its names. */
  let total = 0;

  function drop(folder: string): void {
    const list = lists.get(folder);
    lists.delete(folder);
    if (list !== undefined && list.changes === undefined) total -= list.names.length + 1;
  }

  function find(folder: string, read: () => Promise<string[]>): NameList {
    const known = lists.get(folder);
    if (known !== undefined) {
      // The order of the map is the order of use.
      lists.delete(folder);
      lists.set(folder, known);
      return known;
    }
    const list: NameList = { names: [], changes: [], ready: Promise.resolve() };
    list.ready = fill(folder, list, read).catch((error: unknown) => {
      if (lists.get(folder) === list) drop(folder);
      throw error;
    });
    lists.set(folder, list);
    return list;
  }

  async function fill(folder: string, list: NameList, read: () => Promise<string[]>): Promise<void> {
    list.names = (await read()).sort();
    for (const [name, there] of list.changes ?? []) apply(list.names, name, there);
    list.changes = undefined;
    // It may have been forgotten meanwhile.
    if (lists.get(folder) !== list) return;
    total += list.names.length + 1;
    evict(list);
  }

  function evict(newest: NameList): void {
    for (const [folder, list] of lists) {
      if (total <= limit) return;
      // One that is being read is wanted by somebody.
      if (list !== newest && list.changes === undefined) drop(folder);
    }
  }

  return {
    async page(folder, read, options) {
      const list = find(folder, read);
      await list.ready;
      const start = options.after === undefined ? 0 : firstGreater(list.names, options.after);
      return list.names.slice(start, options.limit === undefined ? undefined : start + options.limit);
    },
    change(folder, name, there) {
      const list = lists.get(folder);
      if (list === undefined) return;
      if (list.changes === undefined) total += apply(list.names, name, there);
      else list.changes.push([name, there]);
    },
    forget(folder) {
      drop(folder);
    },
  };
}

/** Answers by how many the names grew. */
function apply(names: string[], name: string, there: boolean): number {
  const at = firstGreater(names, name);
  const found = at > 0 && names[at - 1] === name;
  if (there === found) return 0;
  if (there) names.splice(at, 0, name);
  else names.splice(at - 1, 1);
  return there ? 1 : -1;
}

/** The position of the first name that is greater than `name`. */
function firstGreater(names: string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
