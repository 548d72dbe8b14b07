/** The module that a page loads: it registers `<overset-assistant>` and what that is made of. */

import "./components/assistant/assistant.js";
