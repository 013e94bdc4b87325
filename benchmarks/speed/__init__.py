"""How fast: what a captcha costs beside a bare view and the peers, and how much memory it takes."""
