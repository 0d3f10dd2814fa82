// No pattern can look at the same text twice from two starts: what is written here is for anybody to choose.

/** Takes the marks of Markdown off a text. Lists keep theirs: they read well. */
export function toPlainText(markdown: string): string {
  return markdown
    .replace(/^```.*$\n?/gm, '')
    .replace(/^#{1,6} +/gm, '')
    .replace(/^> ?/gm, '')
    .replace(/!?\[([^[\]\n]*)\]\([^()\s]*\)/g, '$1')
    .replace(/\*\*([^*\n]+)\*\*/g, '$1')
    .replace(/`([^`\n]+)`/g, '$1')
    .trim();
}
