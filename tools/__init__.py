"""What makes parts of the project: data, pictures, tables of the documentation. Not installed with the package."""
