// Tells the page that opened this window how linking ended, and closes the window. The origin was
// checked before the attempt began; without an opener the page stays, and says the same in words.
(() => {
  "use strict";
  const { opener: origin, message } = document.currentScript.dataset;
  if (window.opener && !window.opener.closed) {
    window.opener.postMessage(JSON.parse(message), origin);
    window.close();
  }
})();
