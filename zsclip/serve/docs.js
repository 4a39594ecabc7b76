// The page of the API stands without a script; this is for its switch between dark and light.
zsclip.theme("zsclip-service-theme");
