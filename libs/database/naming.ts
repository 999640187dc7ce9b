import { DefaultNamingStrategy } from 'typeorm';

/** `leaseExpiresAt` in code is `lease_expires_at` in SQL: readable unquoted on every database. */
export class SnakeCaseNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string): string {
    return customName || propertyName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}
