/**
 * The words that carry grammar rather than meaning, after the English list of the Snowball project: articles, pronouns,
 * prepositions, conjunctions and auxiliaries. They are in nearly every text, so they would cost most and tell least.
 */
export const stopWords: ReadonlySet<string> = new Set(
  `a an the
  i me my myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
  it its itself they them their theirs themselves what which who whom whose this that these those
  am is are was were be been being have has had having do does did doing will would shall should can could may might must
  and but if or because as until while of at by for with about against between into through during before after above
  below to from up down in out on off over under again further then once here there when where why how all any both each
  few more most other some such no nor not only own same so than too very just now
  isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't won't wouldn't shan't shouldn't can't cannot
  couldn't mayn't mightn't mustn't ain't`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
