/**
 * Returns a function that makes a value once for each key, and keeps it for as long as the key is kept by others. Keys are told apart by
 * identity: they must not change.
 */
export function memoise<Key extends object, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const valueByKey = new WeakMap<Key, Value>();
  return (key) => {
    const known = valueByKey.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    valueByKey.set(key, made);
    return made;
  };
}
