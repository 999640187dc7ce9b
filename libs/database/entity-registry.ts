/**
 * Entity classes of the modules that an application has imported. Modules register when they are
 * composed; the data source reads the set when it opens, so that an application knows the entities
 * of just the libs that it uses.
 */
const registered = new Set<new () => object>();

export function registerEntities(entities: readonly (new () => object)[]): void {
  for (const entity of entities) registered.add(entity);
}

export function registeredEntities(): (new () => object)[] {
  return [...registered];
}
