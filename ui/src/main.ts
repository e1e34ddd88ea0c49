// SPDX-License-Identifier: Apache-2.0
import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { prefs } from './lib/prefs.svelte';
import { learn } from './lib/text';

void learn(prefs.lang).then(() => mount(App, { target: document.getElementById('app')! }));
