// The part of mime-types 3 that media-type.ts uses; the package ships no types.
declare module 'mime-types' {
  /** Returns the media type of a file name or extension; false when it is not known. */
  function lookup(path: string): string | false;

  const mimeTypes: { readonly lookup: typeof lookup };
  export default mimeTypes;
}
