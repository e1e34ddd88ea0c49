// SPDX-License-Identifier: Apache-2.0
// Both languages are known before a test speaks.
import { learn } from '../../src/lib/text';

await learn('zh');
await learn('en');
