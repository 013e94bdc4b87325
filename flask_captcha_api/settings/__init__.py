"""The settings of an app: read once, validated together."""
