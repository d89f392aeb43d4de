// Texts of a peer as a terminal may show them. A stranger's text ends up in logs and on screens; control
// characters would move cursors, recolour lines or hide words there. Knows no message.

/** Controls, invisible formatting (direction marks among it) and foreign line breaks. */
const unprintable = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Without what does not print; line feeds and tabs stay, as long messages have lines. */
export function printable(text: string): string {
  return text.replace(unprintable, "");
}

/** A name on one line: nothing that does not print, of any kind. */
export const printableName = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;
