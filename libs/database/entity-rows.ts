import type { DataSource, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';

/** Turns raw rows (column names) into entities (property names), decoding flags and JSON as TypeORM would. */
export class EntityRows {
  constructor(private readonly dataSource: DataSource) {}

  hydrate<E extends ObjectLiteral>(
    target: EntityTarget<E>,
    rows: readonly Record<string, unknown>[],
  ): E[] {
    const metadata = this.dataSource.getMetadata(target);
    return rows.map((row) => hydrateRow<E>(metadata, row));
  }
}

function hydrateRow<E extends ObjectLiteral>(
  metadata: EntityMetadata,
  row: Record<string, unknown>,
): E {
  const entity: Record<string, unknown> = {};
  const driver = metadata.dataSource.driver;
  for (const column of metadata.columns) {
    if (!(column.databaseName in row)) continue;
    entity[column.propertyName] = driver.prepareHydratedValue(row[column.databaseName], column);
  }
  return entity as E;
}
