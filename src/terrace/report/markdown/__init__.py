"""Comments and pages in Markdown. Every text from outside goes through `escape`."""
