/** Watchers of one collection get a change at the same time: a few objects are enough. */
const maxTexts = 16;
const maxLength = 64 * 1024;

const texts = new Map<object, string>();

/** The JSON of an object. That of a stored one, which never changes, is written once for all watchers that get it now. */
export function textOf(object: object): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  if (!Object.isFrozen(object) || text.length > maxLength) return text;
  const [oldest] = texts.keys();
  if (texts.size >= maxTexts && oldest !== undefined) texts.delete(oldest);
  texts.set(object, text);
  return text;
}
