/** Paths of Python objects as the registry writes them: `package.module:name`, or `package.module`. */

const NAME = "[^\\s.:/\\\\\"']+";
const REFERENCE = new RegExp(`^${NAME}(\\.${NAME})*(:${NAME}(\\.${NAME})*)?$`);

/** Whether the registry takes a text for a path. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text);
}

/** What is imported at an offset of a Python text; undefined if nothing is, or by a relative path. */
export function importedAt(text: string, offset: number): string | undefined {
  for (const statement of text.matchAll(/^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import\b(?:[ \t]*\(([^)]*)\)?|(.*))/gm)) {
    const end = statement.index + statement[0].length;
    if (statement.index <= offset && offset <= end) {
      const module = statement[1];
      const list = statement[2] ?? statement[3] ?? "";
      const name = nameAt(list, offset - (end - list.length - (statement[2] !== undefined && statement[0].endsWith(")") ? 1 : 0)));
      const path = module === undefined ? name : name === undefined ? module : `${module}:${name}`;
      return path === undefined || path.startsWith(".") ? undefined : path;
    }
  }
  return undefined;
}

/** The name at an offset of the names that are imported; the only one wherever the offset is. */
function nameAt(list: string, offset: number): string | undefined {
  const code = list.replaceAll(/#.*/g, (comment) => " ".repeat(comment.length));
  const names = [...code.matchAll(/([\w.]+)(?:\s+as\s+\w+)?/g)];
  const at = names.find(({ index, 0: { length } }) => index <= offset && offset <= index + length);
  return (at ?? (names.length === 1 ? names[0] : undefined))?.[1];
}
