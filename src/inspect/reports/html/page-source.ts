/** What makes the page move and look: a module for browsers and a style sheet. */
interface PageSource {
  script: string;
  style: string;
}

/** As JSON. Set by the builds (scripts/page.ts), where the sources do not lie beside the program. */
declare const DDIFF_PAGE: string | undefined;

/** The page's script and style, from the program itself or, where it runs unbuilt, from their sources. */
export async function pageSource(): Promise<PageSource> {
  // One expression, of which a build leaves the other half out: what joins the page is Node's alone.
  return typeof DDIFF_PAGE === "string"
    ? (JSON.parse(DDIFF_PAGE) as PageSource)
    : (await import("./join-page.ts")).joinPage();
}
