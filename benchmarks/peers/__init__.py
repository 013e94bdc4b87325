"""The comparison with other captcha packages."""
