// SPDX-License-Identifier: Apache-2.0
export interface Unit {
  id: string;
  parent: string | null;
  kind: 'county' | 'department' | 'township' | 'village' | 'enterprise' | 'office';
  name_zh: string;
  name_en: string | null;
  division: string | null;
  aliases: string[];
  row_version: number;
}
export interface Post {
  id: string;
  unit: string;
  title_zh: string;
  title_en: string | null;
  person: string | null;
  person_name: string | null;
  row_version: number;
}
export interface Person {
  id: string;
  name: string;
  unit: string | null;
  phone: string | null;
  row_version: number;
}
export interface Account {
  id: string;
  name: string | null;
  person: string | null;
  unit: string | null;
  enabled: boolean;
  roles: { role: string; unit: string | null }[];
  password: boolean;
  must_change: boolean;
  totp: boolean;
  locked_until: string | null;
  row_version: number;
}
export interface AuditLine {
  seq: number;
  at: string;
  who: string;
  what: string;
  object: string;
  detail: unknown;
  hash: string;
}
