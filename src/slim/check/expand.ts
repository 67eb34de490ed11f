/**
 * `$NAME` and `${NAME}` put in, as container-structure-test does it by Go's os.Expand: what `valueOf` does not know is empty, `$?` and the
 * like are names too, a `$` before anything else stays, and `${` without an end or a name is left out.
 */
export function expandVariables(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replaceAll(
    /\$(?:\{([^}]*)\}|(\{)|([*#$@!?0-9-]|[A-Za-z_][A-Za-z0-9_]*))/g,
    (_, braced: string | undefined, open: string | undefined, plain: string | undefined) => {
      const name = open === undefined ? (braced ?? plain ?? "") : "";
      return name === "" ? "" : (valueOf(name) ?? "");
    },
  );
}
