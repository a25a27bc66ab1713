/** Watchers of one collection get a change at the same time: a few objects are enough. */
const maxTexts = 16;
/** Characters of all of them: one object of the largest size, or many of the usual. */
const maxLength = 2 * 1024 * 1024;

/** Texts by object, oldest first. */
const texts = new Map<object, string>();
const kept = { length: 0 };

/** The JSON of an object. That of a stored one, which never changes, is written once for all watchers that get it now. */
export function textOf(object: object): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  if (!Object.isFrozen(object) || text.length > maxLength) return text;
  texts.set(object, text);
  kept.length += text.length;
  for (const [oldest, { length }] of texts) {
    if (texts.size <= maxTexts && kept.length <= maxLength) break;
    texts.delete(oldest);
    kept.length -= length;
  }
  return text;
}
