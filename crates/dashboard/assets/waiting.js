// Looks again while something is at work: only while the page is seen, and never while somebody types.
const again = () => {
  const isTyping = document.activeElement?.closest("input, select, textarea");
  if (document.visibilityState === "visible" && !isTyping) location.reload();
  else setTimeout(again, 1000);
};
if (document.querySelector("[data-waits]")) setTimeout(again, 2000);
